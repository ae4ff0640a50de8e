package io.ovenet.lab;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Something the lab could not do. The message names the operation, its object and the remedy. */
public final class LabException extends IOException {
  private static final long serialVersionUID = 1L;

  public LabException(String message) {
    super(message);
  }

  public LabException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
