// The joins of the benchmark on Kafka Streams, exactly once.
// Arguments: brokers, application id, kind (stream-table | stream-stream), left, right, output, state folder, threads,
// where state is (disk | memory), whether its stores have caches (true | false).
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueStore;

public class JoinsJob {
  static final ObjectMapper JSON = new ObjectMapper();

  /** A JSON object with the bytes it was read from: writing it costs nothing, and a store's are parsed when fields are wanted. */
  static final class Document {
    final byte[] bytes;
    ObjectNode node;

    Document(byte[] bytes) {
      this.bytes = bytes;
    }

    ObjectNode fields() {
      try {
        if (node == null) node = (ObjectNode) JSON.readTree(bytes);
        return node;
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    Document parsed() {
      fields();
      return this;
    }

    long amount() {
      return fields().get("amount").longValue();
    }

    String eventId() {
      return fields().get("eventId").textValue();
    }

    /** The same with more fields at its end. */
    Document with(ObjectNode more) {
      byte[] added = write(more);
      byte[] all = Arrays.copyOf(bytes, bytes.length + added.length - 1);
      all[bytes.length - 1] = ',';
      System.arraycopy(added, 1, all, bytes.length, added.length - 1);
      return new Document(all);
    }
  }

  static byte[] write(ObjectNode node) {
    try {
      return JSON.writeValueAsBytes(node);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  static Document withRow(Document event, Document row) {
    ObjectNode fields = row.fields(), more = JSON.createObjectNode();
    more.set("name", fields.get("name"));
    more.set("city", fields.get("city"));
    more.put("points", event.amount() * fields.get("weight").longValue());
    return event.with(more);
  }

  static Document pair(Document left, Document right) {
    ObjectNode result = JSON.createObjectNode();
    result.put("left", left.eventId());
    result.put("right", right.eventId());
    result.put("points", left.amount() * right.amount());
    return new Document(write(result));
  }

  public static void main(String[] args) {
    String brokers = args[0], id = args[1], left = args[3], right = args[4], output = args[5];
    boolean inMemory = args[8].equals("memory"), caching = Boolean.parseBoolean(args[9]);
    Serde<String> text = Serdes.String();
    Serializer<Document> written = (topic, document) -> document == null ? null : document.bytes;
    Serde<Document> documents = Serdes.serdeFrom(written, (topic, bytes) -> bytes == null ? null : new Document(bytes));
    // What comes from a topic is parsed, so that a record which is no JSON object fails as it is read.
    Serde<Document> checked = Serdes.serdeFrom(written, (topic, bytes) -> bytes == null ? null : new Document(bytes).parsed());
    StreamsBuilder builder = new StreamsBuilder();
    Consumed<String, Document> consumed = Consumed.with(text, checked);
    Materialized<String, Document, KeyValueStore<Bytes, byte[]>> rows =
        Materialized.<String, Document, KeyValueStore<Bytes, byte[]>>as("rows").withKeySerde(text).withValueSerde(documents);
    var events = builder.stream(left, consumed);
    var joined = args[2].equals("stream-table")
        ? events.join(
            builder.table(right, caching ? rows.withCachingEnabled() : rows.withCachingDisabled()), JoinsJob::withRow, Joined.with(text, documents, documents))
        : events.join(
            builder.stream(right, consumed), JoinsJob::pair,
            JoinWindows.ofTimeDifferenceAndGrace(Duration.ofSeconds(2), Duration.ofSeconds(10)),
            StreamJoined.with(text, documents, documents));
    joined.to(output, Produced.with(text, documents));
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, id);
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(args[7]));
    config.put(StreamsConfig.STATE_DIR_CONFIG, args[6]);
    if (inMemory) {
      config.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
    }
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, caching ? 64 * 1024 * 1024L : 0L);
    config.put(StreamsConfig.producerPrefix("batch.size"), 256 * 1024);
    config.put(StreamsConfig.consumerPrefix("max.poll.records"), 5000);
    config.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    streams.setStateListener((now, before) -> System.out.println("STATE " + now));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
    streams.start();
  }
}
