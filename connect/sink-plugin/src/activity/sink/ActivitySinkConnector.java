package activity.sink;

import com.mongodb.kafka.connect.MongoSinkConnector;
import org.apache.kafka.connect.connector.Task;

/** MongoDB's sink connector with tasks that insert before they replace: see {@link ActivitySinkTask}. */
public final class ActivitySinkConnector extends MongoSinkConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return ActivitySinkTask.class;
  }
}
