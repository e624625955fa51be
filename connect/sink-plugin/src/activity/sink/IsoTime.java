package activity.sink;

import java.time.DateTimeException;
import java.time.LocalDate;

/** Times as the pipeline writes them: exactly `YYYY-MM-DDTHH:mm:ss.SSSZ`. */
final class IsoTime {
  private static final String SHAPE = "dddd-dd-ddTdd:dd:dd.dddZ";
  private static final long DAY_MS = 86_400_000L;

  /**
   * Returns milliseconds since 1970.
   *
   * @throws DateTimeException for every other text, and for a time that is none.
   */
  static long parse(final String text) {
    if (!hasShape(text)) throw new DateTimeException("not a time of the form YYYY-MM-DDTHH:mm:ss.SSSZ");
    int hour = number(text, 11, 13);
    int minute = number(text, 14, 16);
    int second = number(text, 17, 19);
    if (hour > 23 || minute > 59 || second > 59) throw new DateTimeException("not a time of a day");
    long days = LocalDate.of(number(text, 0, 4), number(text, 5, 7), number(text, 8, 10)).toEpochDay();
    return days * DAY_MS + ((hour * 60L + minute) * 60 + second) * 1000 + number(text, 20, 23);
  }

  private static boolean hasShape(final String text) {
    if (text.length() != SHAPE.length()) return false;
    for (int at = 0; at < SHAPE.length(); at++) {
      char wanted = SHAPE.charAt(at);
      char found = text.charAt(at);
      if (wanted == 'd' ? found < '0' || found > '9' : found != wanted) return false;
    }
    return true;
  }

  private static int number(final String text, final int from, final int to) {
    int value = 0;
    for (int at = from; at < to; at++) value = value * 10 + text.charAt(at) - '0';
    return value;
  }

  private IsoTime() {}
}
