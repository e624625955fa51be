// Prints record batches as Kafka's Java client writes them, one JSON object a line: the source of
// `format/java-batches.golden.jsonl`. Run it with the jars of kafka-clients:
// java -cp 'jars/*' GoldenBatches.java > java-batches.golden.jsonl
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.xerial.snappy.Snappy;

public final class GoldenBatches {
  static final int HEADER = 61;

  static byte[] batch(CompressionType type, int records) {
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(16 * 1024),
            RecordBatch.CURRENT_MAGIC_VALUE,
            Compression.of(type).build(),
            TimestampType.CREATE_TIME,
            1_000L);
    for (int n = 0; n < records; n++) {
      byte[] key = n % 3 == 0 ? null : ("key " + n).getBytes(StandardCharsets.UTF_8);
      byte[] value = n % 7 == 0 ? null : ("the value of record " + n + " \u00fc").getBytes(StandardCharsets.UTF_8);
      Header[] headers = {new RecordHeader("n", new byte[] {(byte) n})};
      builder.append(1_764_403_200_000L + n, key, value, headers);
    }
    ByteBuffer buffer = builder.build().buffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  static void print(String name, int records, byte[] bytes) {
    String text = Base64.getEncoder().encodeToString(bytes);
    System.out.printf("{\"compression\":\"%s\",\"records\":%d,\"batch\":\"%s\"}%n", name, records, text);
  }

  public static void main(String[] args) throws Exception {
    for (int records : new int[] {1, 100, 1_000}) {
      for (CompressionType type : CompressionType.values()) print(type.name, records, batch(type, records));
      // As clients without Java's framing write it.
      byte[] plain = batch(CompressionType.NONE, records);
      byte[] packed = Snappy.rawCompress(java.util.Arrays.copyOfRange(plain, HEADER, plain.length), plain.length - HEADER);
      ByteBuffer raw = ByteBuffer.allocate(HEADER + packed.length).put(plain, 0, HEADER).put(packed);
      raw.putInt(8, raw.capacity() - 12).putShort(21, (short) CompressionType.SNAPPY.id);
      print("snappy-raw", records, raw.array());
    }
  }
}
