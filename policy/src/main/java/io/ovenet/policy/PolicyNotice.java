package io.ovenet.policy;

/**
 * Something about a policy that its author should know: for status and log.
 *
 * @param path of the field, as {@code spec.ingress[0].toPorts[0].rules.http}
 * @param message what is the matter, and what comes of it
 * @param remedy what to do
 */
public record PolicyNotice(String path, String message, String remedy) {
  @Override
  public String toString() {
    return path + ": " + message + "; " + remedy;
  }
}
