package activity.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.time.DateTimeException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.storage.Converter;
import org.bson.BSONException;
import org.bson.BsonBinaryWriter;
import org.bson.RawBsonDocument;
import org.bson.io.BasicOutputBuffer;

/**
 * Turns the JSON of a record into BSON in one pass. Whole numbers become 64-bit integers, other numbers
 * doubles, and the fields that `dates` names become dates. A field that is null is left out.
 *
 * <p>A value that is no such document is refused: with `errors.tolerance=all` it becomes a dead letter.
 */
public final class DocumentConverter implements Converter {
  private static final String DATES = "dates";
  private static final String DELETED_AT = "deletedAt";
  private static final ConfigDef CONFIG =
      new ConfigDef()
          .define(
              DATES,
              ConfigDef.Type.LIST,
              "",
              ConfigDef.Importance.MEDIUM,
              "The fields of the document whose ISO-8601 text becomes a date");

  private final JsonFactory json =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();
  private final BasicOutputBuffer buffer = new BasicOutputBuffer(4096);
  private Set<String> dates = Set.of();

  @Override
  public ConfigDef config() {
    return CONFIG;
  }

  @Override
  public void configure(final Map<String, ?> settings, final boolean isKey) {
    Set<String> names = new HashSet<>();
    for (Object name : (Iterable<?>) CONFIG.parse(settings).get(DATES)) names.add((String) name);
    dates = Set.copyOf(names);
  }

  @Override
  public byte[] fromConnectData(final String topic, final Schema schema, final Object value) {
    throw new DataException("this converter is for sinks: it only reads");
  }

  @Override
  public SchemaAndValue toConnectData(final String topic, final byte[] value) {
    if (value == null) return SchemaAndValue.NULL;
    try (JsonParser parser = json.createParser(value)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) throw new DataException("the value is no JSON object");
      StoredDocument document = readDocument(parser);
      if (parser.nextToken() != null) throw new DataException("the value goes on after its JSON object");
      return new SchemaAndValue(null, document);
    } catch (IOException | BSONException | DateTimeException failure) {
      // Neither the message nor the cause: both may quote the record.
      throw new DataException("the value is no document: " + failure.getClass().getSimpleName());
    }
  }

  private StoredDocument readDocument(final JsonParser parser) throws IOException {
    Object id = null;
    boolean isMarker = false;
    boolean isMerge = false;
    buffer.truncateToPosition(0);
    try (BsonBinaryWriter writer = new BsonBinaryWriter(buffer)) {
      writer.writeStartDocument();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        JsonToken token = parser.nextToken();
        if (token == JsonToken.VALUE_NULL) continue;
        if (name.startsWith("$")) throw new DataException("the name of a field begins with $");
        writer.writeName(name);
        if (dates.contains(name)) {
          writer.writeDateTime(time(token, parser));
          isMarker |= name.equals(DELETED_AT);
        } else {
          if (name.equals(StoredDocument.ID)) id = id(token, parser);
          isMerge |= name.equals(SessionMerge.MERGE) && token == JsonToken.START_OBJECT;
          writeValue(token, parser, writer);
        }
      }
      writer.writeEndDocument();
    }
    byte[] bson = buffer.toByteArray();
    isMerge &= isMarker;
    // What is no merge is refused here, as a dead letter: a write that is refused stops the task.
    if (isMerge) SessionMerge.update(new RawBsonDocument(bson));
    return new StoredDocument(id, isMarker, isMerge, bson);
  }

  private static long time(final JsonToken token, final JsonParser parser) throws IOException {
    if (token != JsonToken.VALUE_STRING) throw new DataException("a time is no text");
    return IsoTime.parse(parser.getText());
  }

  private static Object id(final JsonToken token, final JsonParser parser) throws IOException {
    if (token == JsonToken.VALUE_STRING) return parser.getText();
    return token == JsonToken.VALUE_NUMBER_INT ? parser.getLongValue() : null;
  }

  private static void writeValue(final JsonToken token, final JsonParser parser, final BsonBinaryWriter writer)
      throws IOException {
    switch (token) {
      case START_OBJECT -> {
        writer.writeStartDocument();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          JsonToken value = parser.nextToken();
          if (value == JsonToken.VALUE_NULL) continue;
          writer.writeName(name);
          writeValue(value, parser, writer);
        }
        writer.writeEndDocument();
      }
      case START_ARRAY -> {
        writer.writeStartArray();
        for (JsonToken value = parser.nextToken(); value != JsonToken.END_ARRAY; value = parser.nextToken()) {
          writeValue(value, parser, writer);
        }
        writer.writeEndArray();
      }
      case VALUE_STRING -> writer.writeString(parser.getText());
      case VALUE_NUMBER_INT -> writer.writeInt64(parser.getLongValue());
      case VALUE_NUMBER_FLOAT -> writer.writeDouble(parser.getDoubleValue());
      case VALUE_TRUE, VALUE_FALSE -> writer.writeBoolean(token == JsonToken.VALUE_TRUE);
      case VALUE_NULL -> writer.writeNull();
      default -> throw new DataException("the value is no JSON");
    }
  }
}
