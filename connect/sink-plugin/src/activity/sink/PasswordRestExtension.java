package activity.sink;

import org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension;

/**
 * Kafka's password for the REST interface of Connect, with a version of its own. Kafka's {@code version()} of 4.3.1
 * throws on Connect 4.4.0, where the class that it reads is in another package, and 4.4.0's jar is not on Maven Central.
 */
public final class PasswordRestExtension extends BasicAuthSecurityRestExtension {
  @Override
  public String version() {
    return "1";
  }
}
