// The benchmark's job on Kafka Streams: dedupe, enrich, minute and hour counts, exactly once.
// Arguments: brokers, application id, input, enriched, counts, state folder, dedupe store (window | keyvalue), threads,
// where state is (disk | memory), whether its stores are transactional (true | false).
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

public class StreamsJob {
  static final ObjectMapper JSON = new ObjectMapper();
  static final Duration DAY = Duration.ofHours(24);

  /** Drops what was seen within a day, looked up in a window store as Kafka's own examples do it. */
  static class WindowDedupe implements FixedKeyProcessor<String, byte[], ObjectNode> {
    FixedKeyProcessorContext<String, ObjectNode> context;
    WindowStore<String, Long> seen;

    public void init(FixedKeyProcessorContext<String, ObjectNode> context) {
      this.context = context;
      seen = context.getStateStore("seen");
    }

    public void process(FixedKeyRecord<String, byte[]> record) {
      ObjectNode event = parse(record.value());
      String id = record.key() + "|" + event.get("eventId").textValue();
      long time = record.timestamp();
      try (WindowStoreIterator<Long> found = seen.fetch(id, time - DAY.toMillis(), time + DAY.toMillis())) {
        if (found.hasNext()) return;
      }
      seen.put(id, time, time);
      context.forward(record.withValue(event));
    }
  }

  /** The same by a point look-up: faster, and what a tuned application would do. */
  static class KeyValueDedupe implements FixedKeyProcessor<String, byte[], ObjectNode> {
    FixedKeyProcessorContext<String, ObjectNode> context;
    KeyValueStore<String, Long> seen;

    public void init(FixedKeyProcessorContext<String, ObjectNode> context) {
      this.context = context;
      seen = context.getStateStore("seen");
    }

    public void process(FixedKeyRecord<String, byte[]> record) {
      ObjectNode event = parse(record.value());
      String id = record.key() + "|" + event.get("eventId").textValue();
      Long before = seen.get(id);
      if (before != null && record.timestamp() - before <= DAY.toMillis()) return;
      seen.put(id, record.timestamp());
      context.forward(record.withValue(event));
    }
  }

  /** Adds the numeric id and the time of processing. */
  static class Enrich implements FixedKeyProcessor<String, ObjectNode, byte[]> {
    FixedKeyProcessorContext<String, byte[]> context;
    long millisecond;
    String createdAt;

    public void init(FixedKeyProcessorContext<String, byte[]> context) {
      this.context = context;
    }

    public void process(FixedKeyRecord<String, ObjectNode> record) {
      var position = context.recordMetadata().orElseThrow();
      ObjectNode event = record.value();
      event.put("_id", position.offset() * 1024 + position.partition());
      long now = System.currentTimeMillis();
      if (now != millisecond) {
        millisecond = now;
        createdAt = Instant.ofEpochMilli(now).toString();
      }
      event.put("createdAt", createdAt);
      try {
        context.forward(record.withValue(JSON.writeValueAsBytes(event)));
      } catch (com.fasterxml.jackson.core.JsonProcessingException error) {
        throw new RuntimeException(error);
      }
    }
  }

  static ObjectNode parse(byte[] value) {
    try {
      return (ObjectNode) JSON.readTree(value);
    } catch (java.io.IOException error) {
      throw new RuntimeException(error);
    }
  }

  public static void main(String[] args) {
    String brokers = args[0], id = args[1], input = args[2], enriched = args[3], counts = args[4];
    boolean window = args[6].equals("window"), inMemory = args[8].equals("memory");
    Serde<String> text = Serdes.String();
    Serde<byte[]> bytes = Serdes.ByteArray();
    StreamsBuilder builder = new StreamsBuilder();
    if (window) {
      builder.addStateStore(Stores.windowStoreBuilder(
          inMemory ? Stores.inMemoryWindowStore("seen", DAY, DAY, false) : Stores.persistentWindowStore("seen", DAY, DAY, false),
          text, Serdes.Long()));
    } else {
      builder.addStateStore(Stores.keyValueStoreBuilder(
          inMemory ? Stores.inMemoryKeyValueStore("seen") : Stores.persistentKeyValueStore("seen"), text, Serdes.Long()));
    }
    KStream<String, ObjectNode> unique = builder
        .stream(input, Consumed.with(text, bytes))
        .processValues(window ? WindowDedupe::new : KeyValueDedupe::new, "seen");
    KStream<String, byte[]> logs = unique.processValues(Enrich::new);
    logs.to(enriched, Produced.with(text, bytes));
    for (Duration size : new Duration[] {Duration.ofMinutes(1), Duration.ofHours(1)}) {
      logs.groupByKey(Grouped.with(text, bytes))
          .windowedBy(TimeWindows.ofSizeAndGrace(size, Duration.ofMinutes(10)))
          .count()
          .toStream((key, value) -> key.key() + "|" + size.toMinutes() + "|" + key.window().startTime())
          .mapValues((key, count) -> ("{\"_id\":\"" + key + "\",\"total\":" + count + "}").getBytes(StandardCharsets.UTF_8))
          .to(counts, Produced.with(text, bytes));
    }
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, id);
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(args[7]));
    config.put(StreamsConfig.STATE_DIR_CONFIG, args[5]);
    config.put(StreamsConfig.TRANSACTIONAL_STATE_STORES_CONFIG, args[9]);
    if (inMemory) {
      config.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
    }
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64 * 1024 * 1024L);
    config.put(StreamsConfig.producerPrefix("batch.size"), 256 * 1024);
    config.put(StreamsConfig.consumerPrefix("max.poll.records"), 5000);
    config.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    streams.setStateListener((now, before) -> System.out.println("STATE " + now));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
    streams.start();
  }
}
