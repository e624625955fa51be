package activity.sink;

import static java.util.Collections.singletonList;

import com.mongodb.client.model.InsertOneModel;
import com.mongodb.client.model.ReplaceOneModel;
import com.mongodb.client.model.ReplaceOptions;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.WriteModel;
import com.mongodb.kafka.connect.sink.converter.SinkDocument;
import com.mongodb.kafka.connect.sink.writemodel.strategy.WriteModelStrategy;
import java.util.List;
import org.apache.kafka.connect.errors.DataException;
import org.bson.BsonArray;
import org.bson.BsonDateTime;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.RawBsonDocument;

/** Writes a {@link StoredDocument} as its task has decided. */
public final class DocumentWriteModel implements WriteModelStrategy {
  private static final ReplaceOptions REPLACE = new ReplaceOptions().upsert(true);
  private static final UpdateOptions UPDATE = new UpdateOptions().upsert(true);
  private static final String RECEIVED_AT = "receivedAt";

  @Override
  public WriteModel<BsonDocument> createWriteModel(final SinkDocument sinkDocument) {
    BsonDocument fields =
        sinkDocument.getValueDoc().orElseThrow(() -> new DataException("the record has no document"));
    BsonDocument document = new RawBsonDocument(fields.getBinary(StoredDocument.BSON).getData());
    BsonDocument filter = new BsonDocument(StoredDocument.ID, fields.get(StoredDocument.ID));
    return switch (StoredDocument.Write.valueOf(fields.getString(StoredDocument.WRITE).getValue())) {
      case INSERT -> new InsertOneModel<>(document);
      case REPLACE -> new ReplaceOneModel<>(filter, document, REPLACE);
      case REPLACE_UNLESS_DELETED ->
          document.get(RECEIVED_AT) instanceof BsonDateTime receivedAt
              ? new UpdateOneModel<>(filter, singletonList(unlessDeleted(document, receivedAt)), UPDATE)
              : new ReplaceOneModel<>(filter, document, REPLACE);
      case MERGE_SESSIONS -> SessionMerge.update(document);
    };
  }

  /**
   * A stage that keeps the marker of a deletion which came after the document: it is that document's. A lower
   * session is kept too: a merge gave it that one.
   */
  private static BsonDocument unlessDeleted(final BsonDocument document, final BsonDateTime receivedAt) {
    BsonDocument isDeleted =
        new BsonDocument("$gte", new BsonArray(List.of(new BsonString("$deletedAt"), receivedAt)));
    BsonArray either =
        new BsonArray(List.of(isDeleted, new BsonString("$$ROOT"), withLowerSession(document)));
    return new BsonDocument("$replaceWith", new BsonDocument("$cond", either));
  }

  private static BsonDocument withLowerSession(final BsonDocument document) {
    BsonDocument literal = new BsonDocument("$literal", document);
    BsonValue session = document.get(SessionMerge.SESSION);
    if (session == null) return literal;
    BsonArray both = new BsonArray(List.of(new BsonString("$" + SessionMerge.SESSION), session));
    BsonDocument lower = new BsonDocument(SessionMerge.SESSION, new BsonDocument("$min", both));
    return new BsonDocument("$mergeObjects", new BsonArray(List.of(literal, lower)));
  }
}
