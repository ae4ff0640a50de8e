package io.ovenet.agent;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.trace.ReachRequest;
import io.ovenet.api.trace.ReachResponse;
import io.ovenet.api.trace.SeenRequest;
import io.ovenet.api.trace.SeenResponse;
import io.ovenet.api.trace.SendRequest;
import io.ovenet.api.trace.SendResponse;
import io.ovenet.api.trace.Step;
import io.ovenet.api.trace.TraceGrpc;
import io.ovenet.bpf.BpfException;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.TraceKey;
import io.ovenet.datapath.TraceStep;
import io.ovenet.datapath.TracedPacket;
import io.ovenet.flow.TraceDecoder;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends traced packets for this node's pods, and tells what it saw of those of other nodes. A
 * packet never gets anywhere, so whoever may read flows may ask; not more often than {@link
 * #A_SECOND} packets a second are sent. Safe for any number of calls.
 */
final class TraceService extends TraceGrpc.TraceImplBase {
  private static final Logger log = LoggerFactory.getLogger(TraceService.class);
  private static final int ETHERNET = 14;
  private static final int A_SECOND = 20;
  private static final int MOST_WAIT_MILLIS = 5000;
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long HERE_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final int REACH_MILLIS = 2000;
  private static final int FIRST_PORT = 32_768;
  private static final int PORTS = 28_232;

  private final String nodeName;
  private final @Nullable InetAddress nodeAddress;
  private final Datapath datapath;
  private final Supplier<Collection<LocalEndpoint>> endpoints;
  private final TraceDecoder decoder;
  private int lastNumber = ThreadLocalRandom.current().nextInt(TracedPacket.NUMBERS);
  private long second;
  private int inSecond;

  /**
   * Over what a node has.
   *
   * @param nodeName {@code cluster/node}
   * @param nodeAddress by which other nodes know it; null: it has none
   */
  TraceService(
      String nodeName,
      @Nullable InetAddress nodeAddress,
      Datapath datapath,
      Supplier<Collection<LocalEndpoint>> endpoints,
      Names names) {
    this.nodeName = nodeName;
    this.nodeAddress = nodeAddress;
    this.datapath = datapath;
    this.endpoints = endpoints;
    this.decoder = new TraceDecoder(names, nodeName);
  }

  @Override
  public void send(SendRequest request, StreamObserver<SendResponse> response) {
    var endpoint = find(request.getNamespace(), request.getPod());
    if (endpoint != null) {
      response.onNext(send(endpoint, request));
    }
    response.onCompleted();
  }

  private @Nullable LocalEndpoint find(String namespace, String pod) {
    for (var endpoint : endpoints.get()) {
      if (endpoint.isOf(namespace, pod)) {
        return endpoint;
      }
    }
    return null;
  }

  /** The next packet's number, or -1: there were enough of them for now. */
  private synchronized int number() {
    long now = System.nanoTime() / TimeUnit.SECONDS.toNanos(1);
    if (now != second) {
      second = now;
      inSecond = 0;
    }
    if (++inSecond > A_SECOND) {
      return -1;
    }
    lastNumber = (lastNumber + 1) % TracedPacket.NUMBERS;
    return lastNumber;
  }

  private static TracedPacket packet(LocalEndpoint endpoint, SendRequest request) {
    return new TracedPacket(
        endpoint.mac(),
        DatapathOptions.GATEWAY_MAC,
        endpoint.address(),
        ipv4(request.getDestination(), "destination"),
        request.getProtocol(),
        FIRST_PORT + ThreadLocalRandom.current().nextInt(PORTS),
        request.getPort(),
        request.getFullSize() ? Math.min(endpoint.mtu() + ETHERNET, TracedPacket.LONGEST) : 0);
  }

  private static Inet4Address ipv4(String text, String field) {
    try {
      if (InetAddress.ofLiteral(text) instanceof Inet4Address address) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw new IllegalArgumentException(
        field + ": '" + text + "' is no IPv4 address, and only those can be traced");
  }

  private SendResponse send(LocalEndpoint endpoint, SendRequest request) {
    var sent = SendResponse.newBuilder().setNodeName(nodeName).setMtu(endpoint.mtu());
    int number = number();
    if (number < 0) {
      return sent.setFailure(
              nodeName + " sends " + A_SECOND + " traced packets a second and no more: try again")
          .build();
    }
    var key = new TraceKey(0, number, TraceKey.Place.AT_POD);
    datapath.traceSteps().delete(key);
    try {
      var packet = packet(endpoint, request);
      sent.setNumber(number).setLength(packet.bytes().length);
      if (!datapath.trace(packet, number)) {
        return sent.setFailure(
                "the kernel knows no endpoint with the address "
                    + endpoint.address().getHostAddress())
            .build();
      }
    } catch (BpfException e) {
      log.warn("trace for {}/{}: {}", endpoint.namespace(), endpoint.pod(), e.getMessage());
      return sent.setFailure(
              "the pod's device " + endpoint.hostInterface() + " takes nothing: " + e.getMessage())
          .build();
    } catch (IllegalArgumentException e) {
      return sent.setFailure(e.getMessage()).build();
    }
    var step = await(key, HERE_NANOS);
    if (step != null) {
      sent.setStep(told(step));
    }
    return sent.build();
  }

  private Step told(TraceStep step) {
    var told = decoder.decode(step);
    return nodeAddress == null
        ? told
        : told.toBuilder().setNodeIp(nodeAddress.getHostAddress()).build();
  }

  /** Waits for a step, and takes it. */
  private @Nullable TraceStep await(TraceKey key, long nanos) {
    long deadline = System.nanoTime() + nanos;
    while (true) {
      var step = datapath.traceSteps().get(key);
      if (step != null) {
        datapath.traceSteps().delete(key);
        return step;
      }
      if (System.nanoTime() - deadline > 0) {
        return null;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  @Override
  public void seen(SeenRequest request, StreamObserver<SeenResponse> response) {
    var node = request.getNodeName();
    if (!node.isEmpty() && !nodeName.equals(node) && !nodeName.endsWith("/" + node)) {
      response.onNext(SeenResponse.newBuilder().addUnavailableNodes(node).build());
      response.onCompleted();
      return;
    }
    int sender;
    try {
      sender = ByteBuffer.wrap(ipv4(request.getSender(), "sender").getAddress()).getInt();
    } catch (IllegalArgumentException e) {
      response.onError(
          Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
      return;
    }
    long millis = Math.min(Integer.toUnsignedLong(request.getWaitMillis()), MOST_WAIT_MILLIS);
    var step =
        await(
            new TraceKey(sender, request.getNumber(), TraceKey.Place.AT_OVERLAY),
            TimeUnit.MILLISECONDS.toNanos(millis));
    if (step == null) {
      // From an address that is no node's, as this node sees it.
      step = await(new TraceKey(0, request.getNumber(), TraceKey.Place.AT_OVERLAY), 0);
    }
    if (step != null) {
      response.onNext(SeenResponse.newBuilder().setStep(told(step)).build());
    }
    response.onCompleted();
  }

  @Override
  public void reach(ReachRequest request, StreamObserver<ReachResponse> response) {
    try {
      boolean answers = ipv4(request.getAddress(), "address").isReachable(REACH_MILLIS);
      response.onNext(ReachResponse.newBuilder().setAnswers(answers).build());
      response.onCompleted();
    } catch (IllegalArgumentException e) {
      response.onError(
          Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
    } catch (IOException e) {
      log.info("{} is not to be reached: {}", request.getAddress(), e.getMessage());
      response.onNext(ReachResponse.getDefaultInstance());
      response.onCompleted();
    }
  }
}
