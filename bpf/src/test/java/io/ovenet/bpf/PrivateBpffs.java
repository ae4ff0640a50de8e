package io.ovenet.bpf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives a test method its own bpffs as a Path parameter, and takes it away afterwards. */
final class PrivateBpffs implements ParameterResolver, AfterEachCallback {
  private static final ExtensionContext.Namespace STORE =
      ExtensionContext.Namespace.create(PrivateBpffs.class);

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Path.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    try {
      Path directory = Files.createTempDirectory("ovt-bpf-" + ProcessHandle.current().pid() + "-");
      context.getStore(STORE).put("directory", directory);
      Mounts.mountBpffs(directory);
      return directory;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    Path directory = context.getStore(STORE).remove("directory", Path.class);
    if (directory != null) {
      if (Mounts.isBpffs(directory)) {
        Mounts.unmount(directory);
      }
      Files.delete(directory);
    }
  }
}
