package activity.sink;

/**
 * Remembers the ids of the documents that were written last, by hashes in a table of one size. It may forget
 * one, or take one for another: then a document is written in the dearer of two ways that are both right.
 */
final class RecentIds {
  private static final int WAYS = 4;

  private final long[] hashes;

  /** Remembers about as many ids as `size`, a power of two of at least 4; none where it is 0. */
  RecentIds(final int size) {
    hashes = new long[size];
  }

  /** Remembers an id, and returns whether it was remembered before. */
  boolean isKnown(final Object id) {
    if (hashes.length == 0) return false;
    long hash = hashOf(id.toString());
    int first = (int) (hash >>> 32) & (hashes.length - 1) & -WAYS;
    for (int way = first; way < first + WAYS; way++) if (hashes[way] == hash) return true;
    System.arraycopy(hashes, first, hashes, first + 1, WAYS - 1);
    hashes[first] = hash;
    return false;
  }

  private static long hashOf(final String text) {
    long hash = 0xcbf29ce484222325L;
    for (int at = 0; at < text.length(); at++) hash = (hash ^ text.charAt(at)) * 0x100000001b3L;
    return hash ^ hash >>> 29;
  }
}
