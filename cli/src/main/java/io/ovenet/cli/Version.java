package io.ovenet.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"ovenet 0.1.0 (Java " + Runtime.version() + ")"};
  }
}
