package io.ovenet.lab.api;

import java.io.IOException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Takes WebSockets to pods. Thread-safe. */
interface SocketFront {
  boolean takes(Request request);

  /**
   * Begins what is asked for, and upgrades the connection.
   *
   * @throws ApiException if it can't be begun
   */
  boolean handle(Request request, Response response, Callback callback) throws IOException;
}
