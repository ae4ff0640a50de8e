package io.ovenet.lab;

import io.ovenet.bpf.KernelException;
import io.ovenet.bpf.NetworkNamespace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what probes ask for: commands in the pod, connections from its node, as a kubelet's.
 *
 * @param node the process by which the node's network namespace is reached
 * @param address the pod's
 */
record ProbeRunner(PodSandbox sandbox, long node, String address, Map<String, String> environment) {
  private static final Logger LOG = LoggerFactory.getLogger(ProbeRunner.class);

  /** Whether a try of the probe succeeds within its time. */
  boolean passes(ProbeSpec probe) throws InterruptedException {
    try {
      return switch (probe.action()) {
        case ProbeSpec.Action.Exec exec -> runs(exec.command(), probe.timeout());
        case ProbeSpec.Action.TcpSocket tcp -> {
          try (Socket _ = connect(tcp.host(), tcp.port(), probe.timeout())) {
            yield true;
          }
        }
        case ProbeSpec.Action.HttpGet get -> answers(get, probe.timeout());
      };
    } catch (IOException | KernelException e) {
      LOG.debug("a probe of {} fails: {}", address, e.toString());
      return false;
    }
  }

  private boolean runs(List<String> command, Duration timeout)
      throws IOException, InterruptedException {
    List<String> inside = PodSandbox.inside(sandbox.holder(), sandbox.root(), command);
    return Invocation.of(Invocation.joining(sandbox.group().procs(), inside))
            .environment(environment)
            .limit(timeout)
            .run()
            .exitCode()
        == 0;
  }

  private Socket connect(@Nullable String host, int port, Duration timeout) throws IOException {
    String to = host == null || host.isEmpty() ? address : host;
    Socket socket;
    try (NetworkNamespace namespace =
        NetworkNamespace.open(Path.of("/proc", Long.toString(node), "ns", "net"))) {
      socket =
          namespace.call(
              () -> {
                Socket made = new Socket();
                made.bind(null); // the socket is made now, in this namespace
                return made;
              });
    }
    try {
      socket.connect(new InetSocketAddress(to, port), (int) timeout.toMillis());
      socket.setSoTimeout((int) timeout.toMillis());
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private boolean answers(ProbeSpec.Action.HttpGet get, Duration timeout) throws IOException {
    try (Socket socket = connect(get.host(), get.port(), timeout)) {
      StringBuilder request = new StringBuilder("GET " + get.path() + " HTTP/1.1\r\n");
      if (get.headers().stream().noneMatch(h -> h.regionMatches(true, 0, "Host:", 0, 5))) {
        request.append("Host: ").append(address).append(':').append(get.port()).append("\r\n");
      }
      get.headers().forEach(header -> request.append(header).append("\r\n"));
      request.append("User-Agent: kube-probe/1.32\r\nConnection: close\r\n\r\n");
      socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
      String line =
          new BufferedReader(
                  new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
              .readLine();
      return line != null && line.matches("HTTP/1\\.[01] [23]\\d\\d.*");
    }
  }
}
