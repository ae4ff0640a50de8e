package io.ovenet.agent;

/** A configuration value that the agent cannot start with. The message names key and remedy. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String key, String problem, String remedy) {
    super(key + ": " + problem + "; " + remedy);
  }
}
