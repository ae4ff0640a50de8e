package io.ovenet.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
public final class Version implements IVersionProvider {
  public static final String TEXT = "0.1.0";

  @Override
  public String[] getVersion() {
    return new String[] {"ovenet " + TEXT + " (Java " + Runtime.version() + ")"};
  }
}
