package activity.sink;

import java.util.AbstractMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * One document on its way from {@link DocumentConverter} to {@link DocumentWriteModel}, as BSON. It is a map
 * because the connector turns the value of a record into a document by the value's type: this way it makes a
 * document of a few fields, and the BSON stays as it is.
 */
final class StoredDocument extends AbstractMap<String, Object> {
  static final String ID = "_id";
  static final String BSON = "bson";
  static final String WRITE = "write";

  /** How a document is written. */
  enum Write {
    /** It is new: refused where a document of its id is there. */
    INSERT,
    /** It takes the place of what is there, but not of a marker of its deletion. */
    REPLACE_UNLESS_DELETED,
    /** It takes the place of whatever is there. */
    REPLACE,
    /** It is no document: it says that sessions have become one, and their logs are updated. */
    MERGE_SESSIONS
  }

  /** A number or a text; null where the document has no such `_id`. */
  final Object id;

  /** Whether it stands for a document that was deleted. */
  final boolean isMarker;

  /** Whether it says that sessions have become one. */
  final boolean isMerge;

  private byte[] bson;
  private Write write = Write.REPLACE;

  StoredDocument(final Object id, final boolean isMarker, final boolean isMerge, final byte[] bson) {
    this.id = id;
    this.isMarker = isMarker;
    this.isMerge = isMerge;
    this.bson = bson;
  }

  void writeBy(final Write how) {
    write = how;
  }

  Write write() {
    return write;
  }

  /** Adds where its record is: fields that no document of the pipeline has. */
  void addPosition(final int partition, final long offset) {
    bson = Bson.withPosition(bson, partition, offset);
  }

  @Override
  public Set<Entry<String, Object>> entrySet() {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (id != null) fields.put(ID, id);
    fields.put(BSON, bson);
    fields.put(WRITE, write.name());
    return fields.entrySet();
  }

  /** Names no content: Connect and the connector quote values in messages. */
  @Override
  public String toString() {
    return "a document of " + bson.length + " bytes";
  }

  @Override
  public boolean equals(final Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
