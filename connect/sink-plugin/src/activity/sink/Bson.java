package activity.sink;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Adds to BSON without reading it. */
final class Bson {
  private static final byte INT32 = 0x10;
  private static final byte INT64 = 0x12;
  private static final byte[] PARTITION = "kafkaPartition".getBytes(US_ASCII);
  private static final byte[] OFFSET = "kafkaOffset".getBytes(US_ASCII);

  /** The document with the fields `kafkaPartition` and `kafkaOffset` behind its own. */
  static byte[] withPosition(final byte[] document, final int partition, final long offset) {
    int size = document.length + 2 + PARTITION.length + Integer.BYTES + 2 + OFFSET.length + Long.BYTES;
    ByteBuffer longer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    longer.put(document, 0, document.length - 1).putInt(0, size);
    longer.put(INT32).put(PARTITION).put((byte) 0).putInt(partition);
    longer.put(INT64).put(OFFSET).put((byte) 0).putLong(offset);
    return longer.put((byte) 0).array();
  }

  private Bson() {}
}
