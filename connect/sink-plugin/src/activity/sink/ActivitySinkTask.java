package activity.sink;

import activity.sink.StoredDocument.Write;
import com.mongodb.MongoNodeIsRecoveringException;
import com.mongodb.MongoNotPrimaryException;
import com.mongodb.MongoSocketException;
import com.mongodb.kafka.connect.sink.MongoSinkTask;
import com.mongodb.kafka.connect.sink.dlq.WriteException;
import com.mongodb.kafka.connect.sink.dlq.WriteSkippedException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * MongoDB's sink task, which writes each batch in one bulk of as few and as cheap writes as it takes:
 *
 * <ul>
 *   <li>of the records with one `_id`, the newest alone;
 *   <li>with `first.writes=insert`, documents are inserted, but markers and those whose `_id` this task has
 *       written lately (`remembered.ids` of them) replace. Where an `_id` is there already, because the record
 *       was read before, that document and all behind it replace what is there, unless it is a marker;
 *   <li>records that merge sessions come last, in their order: they update logs that the bulk may write. A log
 *       that is written again keeps a lower session.
 * </ul>
 *
 * Every write may be repeated. A write that MongoDB refuses for another reason stops the task.
 */
public final class ActivitySinkTask extends MongoSinkTask {
  /** How the connector writes what is no marker: `insert` or `replace`. */
  static final String FIRST_WRITES = "first.writes";

  /** How many `_id`s are remembered, a power of two. None, where each `_id` is written once. */
  static final String REMEMBERED = "remembered.ids";

  /** Whether documents have the position of their record. */
  static final String POSITION = "position.fields";

  private static final Logger LOGGER = LoggerFactory.getLogger(ActivitySinkTask.class);
  private static final Pattern DUPLICATE_ID =
      Pattern.compile("v=1, code=11000, message=E11000 duplicate key error collection: \\S+ index: _id_ .*", Pattern.DOTALL);
  private static final Pattern CODE = Pattern.compile("v=1, code=(\\d+),");
  /** Another task may write the same documents at the same time, but not again and again. */
  private static final int MAX_ATTEMPTS = 5;
  private static final long RETRY_MS = 500;

  private final List<SinkRecord> again = new ArrayList<>();
  private ConnectException refusal;
  private boolean isInserting;
  private RecentIds written;
  private boolean hasPosition;

  @Override
  public void initialize(final SinkTaskContext given) {
    ErrantRecordReporter reporter =
        (record, failure) -> {
          note(record, failure);
          return null;
        };
    Object own =
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {SinkTaskContext.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("errantRecordReporter")) return reporter;
              try {
                return method.invoke(given, arguments);
              } catch (InvocationTargetException failure) {
                throw failure.getCause();
              }
            });
    super.initialize((SinkTaskContext) own);
  }

  @Override
  public void start(final Map<String, String> settings) {
    isInserting = "insert".equals(settings.get(FIRST_WRITES));
    written = new RecentIds(Integer.parseInt(settings.getOrDefault(REMEMBERED, "0")));
    hasPosition = Boolean.parseBoolean(settings.get(POSITION));
    super.start(settings);
  }

  @Override
  public void put(final Collection<SinkRecord> records) {
    List<SinkRecord> batch = batchOf(records);
    for (int attempt = 1; !batch.isEmpty(); attempt++) {
      if (attempt > MAX_ATTEMPTS) throw new ConnectException("writing failed: documents are inserted again and again");
      batch = write(batch);
    }
  }

  /** The newest record of each `_id`, inserts first: one command for these, and one for all others but merges. */
  private List<SinkRecord> batchOf(final Collection<SinkRecord> records) {
    Map<Object, SinkRecord> newest = new LinkedHashMap<>(2 * records.size());
    for (SinkRecord record : records) {
      // A tombstone: markers delete, so that reading a topic again does not bring a document back.
      if (record.value() == null) continue;
      Object id = documentOf(record).id;
      newest.put(id == null ? record : id, record);
    }
    List<SinkRecord> batch = new ArrayList<>(newest.size());
    List<SinkRecord> replacing = new ArrayList<>();
    List<SinkRecord> merging = new ArrayList<>(0);
    for (SinkRecord record : newest.values()) {
      StoredDocument document = documentOf(record);
      if (document.isMerge) {
        document.writeBy(Write.MERGE_SESSIONS);
        merging.add(record);
        continue;
      }
      boolean isInsert = isInserting && !document.isMarker && !isKnown(document.id);
      document.writeBy(isInsert ? Write.INSERT : Write.REPLACE);
      if (hasPosition) document.addPosition(record.kafkaPartition(), record.kafkaOffset());
      (isInsert ? batch : replacing).add(record);
    }
    batch.addAll(replacing);
    batch.addAll(merging);
    return batch;
  }

  /** A document without an `_id` is the connector's to refuse. */
  private boolean isKnown(final Object id) {
    return id == null || written.isKnown(id);
  }

  /** Writes a batch and returns what of it is to be written again. */
  private List<SinkRecord> write(final List<SinkRecord> batch) {
    again.clear();
    refusal = null;
    try {
      super.put(batch);
    } catch (ConnectException failure) {
      throw isAway(failure) ? retry(failure) : failure;
    }
    if (refusal != null) {
      LOGGER.error(refusal.getMessage());
      throw refusal;
    }
    for (SinkRecord record : again) {
      StoredDocument document = documentOf(record);
      if (document.write() == Write.INSERT) document.writeBy(Write.REPLACE_UNLESS_DELETED);
    }
    return List.copyOf(again);
  }

  /** Takes what the connector would report as a dead letter: each record of a bulk that is not written. */
  private void note(final SinkRecord record, final Throwable failure) {
    boolean isUnwritten = failure instanceof WriteSkippedException;
    boolean isThere = failure instanceof WriteException && DUPLICATE_ID.matcher(failure.getMessage()).matches();
    if (isUnwritten || isThere) again.add(record);
    else if (refusal == null) refusal = refusalOf(record, failure);
  }

  /** Neither the message nor the cause of the failure: both quote the document. */
  private static ConnectException refusalOf(final SinkRecord record, final Throwable failure) {
    Matcher code = CODE.matcher(String.valueOf(failure.getMessage()));
    String reason = code.lookingAt() ? "error " + code.group(1) : failure.getClass().getSimpleName();
    String position = record.topic() + "-" + record.kafkaPartition() + "@" + record.kafkaOffset();
    return new ConnectException("writing the record " + position + " to MongoDB failed: " + reason);
  }

  private static boolean isAway(final ConnectException failure) {
    Throwable cause = failure.getCause();
    return cause instanceof MongoSocketException
        || cause instanceof MongoNotPrimaryException
        || cause instanceof MongoNodeIsRecoveringException;
  }

  private RetriableException retry(final ConnectException failure) {
    context.timeout(RETRY_MS);
    return new RetriableException("MongoDB is away: " + failure.getCause().getClass().getSimpleName());
  }

  private static StoredDocument documentOf(final SinkRecord record) {
    if (record.value() instanceof StoredDocument document) return document;
    throw new ConnectException("value.converter must be " + DocumentConverter.class.getName());
  }
}
