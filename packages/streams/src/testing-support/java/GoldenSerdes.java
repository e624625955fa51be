// Prints what Kafka's own serdes write, one JSON object a line, and reads each of it back: the source of
// `api/java-serdes.golden.jsonl`. `api/java-serdes.integration.test.ts` compiles and runs it.
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.UUID;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes.SessionWindowedSerde;
import org.apache.kafka.streams.kstream.WindowedSerdes.TimeWindowedSerde;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.kstream.internals.TimeWindow;
import org.apache.kafka.streams.kstream.internals.WindowedSerializer;
import org.apache.kafka.streams.kstream.internals.WindowedStreamPartitioner;

public final class GoldenSerdes {
  static final int PARTITIONS = 31;

  static String hex(byte[] bytes) {
    return bytes == null ? "null" : '"' + HexFormat.of().formatHex(bytes) + '"';
  }

  static String text(Object value) {
    if (value == null) return "null";
    if (value instanceof byte[] bytes) return hex(bytes);
    StringBuilder out = new StringBuilder("\"");
    for (char c : value.toString().toCharArray()) {
      if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }

  static IllegalStateException wrong(String name, Object read, Object value) {
    return new IllegalStateException(name + " reads " + read + " for " + value);
  }

  @SafeVarargs
  static <T> void all(String name, Serde<T> serde, T... values) {
    for (T value : values) {
      byte[] bytes = serde.serializer().serialize("topic", value);
      T read = serde.deserializer().deserialize("topic", bytes);
      if (!text(read).equals(text(value))) throw wrong(name, read, value);
      System.out.printf("{\"serde\":\"%s\",\"value\":%s,\"bytes\":%s}%n", name, text(value), hex(bytes));
    }
  }

  static <K> void windowed(String name, String inner, Serde<Windowed<K>> serde, Windowed<K> value) {
    byte[] bytes = serde.serializer().serialize("topic", value);
    Windowed<K> read = serde.deserializer().deserialize("topic", bytes);
    boolean isSame = text(read.key()).equals(text(value.key())) && read.window().equals(value.window());
    if (!isSame) throw wrong(name, read, value);
    int partition =
        new WindowedStreamPartitioner<K, String>((WindowedSerializer<K>) serde.serializer())
            .partitions("topic", value, "value", new RecordHeaders(), PARTITIONS)
            .orElseThrow()
            .iterator()
            .next();
    System.out.printf(
        "{\"serde\":\"%s\",\"inner\":\"%s\",\"key\":%s,\"start\":%d,\"end\":%d,\"partition\":%d,\"bytes\":%s}%n",
        name, inner, text(value.key()), value.window().start(), value.window().end(), partition, hex(bytes));
  }

  static <K> void windowed(String inner, Serde<K> serde, K key, long start, long size) {
    Serde<Windowed<K>> time = new TimeWindowedSerde<>(serde, size);
    windowed("TimeWindowed", inner, time, new Windowed<>(key, new TimeWindow(start, start + size)));
    Serde<Windowed<K>> session = new SessionWindowedSerde<>(serde);
    windowed("SessionWindowed", inner, session, new Windowed<>(key, new SessionWindow(start, start + size)));
  }

  public static void main(String[] args) {
    long safe = (1L << 53) - 1;
    all("Long", Serdes.Long(), 0L, 1L, -1L, 255L, -256L, 1L << 31, 1L << 32, -(1L << 32) - 1, 1764403200123L);
    all("Long", Serdes.Long(), safe, -safe, safe + 1, -safe - 1, Long.MAX_VALUE, Long.MIN_VALUE, null);
    all("Integer", Serdes.Integer(), 0, 1, -1, 65_536, Integer.MAX_VALUE, Integer.MIN_VALUE, null);
    all("Short", Serdes.Short(), (short) 0, (short) 1, (short) -1, Short.MAX_VALUE, Short.MIN_VALUE, null);
    all("Double", Serdes.Double(), 0.0, -0.0, 1.5, -1.5, 0.1, (double) safe, (double) (safe + 1));
    all("Double", Serdes.Double(), Double.MIN_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE);
    all("Double", Serdes.Double(), Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, null);
    all("Float", Serdes.Float(), 0.0f, -0.0f, 1.5f, -1.5f, 0.1f, Float.MIN_VALUE, Float.MAX_VALUE);
    all("Float", Serdes.Float(), Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, null);
    all("Boolean", Serdes.Boolean(), true, false, null);
    all("UUID", Serdes.UUID(), new UUID(0, 0), new UUID(-1, -1), null);
    all("UUID", Serdes.UUID(), UUID.fromString("019A2B3C-4D5E-7F60-8a9b-ACBDCEDFE0F1"));
    all("String", Serdes.String(), "", "plain", "gr\u00fcn", "\u65e5\u672c", "\ud83d\ude80", "a@1/2\u0000\n", null);
    byte[][] bytes = {{}, {0}, {-1, 0, 127, -128}, null};
    all("ByteArray", Serdes.ByteArray(), bytes);
    all("Void", Serdes.Void(), (Void) null);
    for (String key : new String[] {"", "plain", "gr\u00fcn", "a@1/2", "\ud83d\ude80"}) {
      windowed("String", Serdes.String(), key, 1764403200000L, 60_000L);
      windowed("String", Serdes.String(), key, 0L, 1L);
    }
    windowed("Long", Serdes.Long(), -1L, 1L << 32, 86_400_000L);
    windowed("Integer", Serdes.Integer(), Integer.MIN_VALUE, 999L, 5L);
    windowed("UUID", Serdes.UUID(), new UUID(1, 2), 60_000L, 60_000L);
    windowed("ByteArray", Serdes.ByteArray(), "raw".getBytes(StandardCharsets.UTF_8), safe - 10, 10L);
  }
}
