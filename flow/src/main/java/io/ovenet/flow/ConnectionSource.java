package io.ovenet.flow;

import io.ovenet.datapath.ConnectionView;
import java.util.function.Consumer;

/** The kernel's table of connections, as far as its reader needs it. */
@FunctionalInterface
public interface ConnectionSource {
  /**
   * Shows each connection, in no order; the view is good during the call. One that stands all the
   * time is shown at least once.
   */
  void forEach(Consumer<ConnectionView> each);
}
