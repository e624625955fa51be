package activity.sink;

import com.mongodb.client.model.UpdateManyModel;
import com.mongodb.client.model.WriteModel;
import java.time.DateTimeException;
import org.bson.BsonDateTime;
import org.bson.BsonDocument;
import org.bson.BsonInvalidOperationException;

/** The write of a record that says that sessions of a user have become one. */
final class SessionMerge {
  static final String MERGE = "merge";
  static final String SESSION = "session";

  /**
   * Gives the logs of sessions that are no more the number that stays. Logs that were deleted do not come back.
   *
   * @throws BsonInvalidOperationException and DateTimeException where the record says something else.
   */
  static WriteModel<BsonDocument> update(final BsonDocument record) {
    BsonDocument merge = record.getDocument(MERGE);
    BsonDocument times = new BsonDocument("$gte", time(merge, "from")).append("$lte", time(merge, "to"));
    BsonDocument logs =
        new BsonDocument("userId", merge.getString("userId"))
            .append("timestamp", times)
            .append(SESSION, new BsonDocument("$in", merge.getArray("merged")));
    BsonDocument session = new BsonDocument(SESSION, merge.getInt64(SESSION));
    return new UpdateManyModel<>(logs, new BsonDocument("$set", session));
  }

  private static BsonDateTime time(final BsonDocument merge, final String field) {
    return new BsonDateTime(IsoTime.parse(merge.getString(field).getValue()));
  }

  private SessionMerge() {}
}
