package io.ovenet.flow;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * For whom a relay asks an agent: a header names the namespaces that a tenant may see. It can only
 * take away: without it a call sees all, as whoever reaches an agent's own socket does.
 */
public final class TenantScope {
  /** What such a header may hold; of all headers of a call together. */
  public static final int MOST_BYTES = 256 * 1024;

  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of("ovenet-tenant-namespaces", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> KEPT =
      Metadata.Key.of("ovenet-tenant-namespaces-kept", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<Set<String>> NAMESPACES =
      Context.key("ovenet-tenant-namespaces");

  /** What a tenant may ask an agent. */
  private static final Set<String> FOR_TENANTS =
      Set.of("observer.Observer/GetFlows", "observer.Observer/GetNamespaces");

  private TenantScope() {}

  /**
   * Puts a tenant's namespaces into each call; they are names of Kubernetes, so without commas. An
   * agent that does not say that it keeps to them, as one from before there were tenants, is not
   * listened to: the call ends with an error before its first answer.
   */
  public static ClientInterceptor of(Set<String> namespaces) {
    String named = String.join(",", namespaces);
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new Scoped<>(next.newCall(method, options), named);
      }
    };
  }

  private static final class Scoped<Q, A> extends SimpleForwardingClientCall<Q, A> {
    private final String named;

    Scoped(ClientCall<Q, A> call, String named) {
      super(call);
      this.named = named;
    }

    @Override
    public void start(Listener<A> listener, Metadata headers) {
      headers.put(HEADER, named);
      super.start(new Kept<>(listener, this), headers);
    }
  }

  /** Hears nothing of an agent that does not keep to the namespaces. */
  private static final class Kept<A> extends SimpleForwardingClientCallListener<A> {
    private final ClientCall<?, A> call;
    private boolean heard;

    Kept(ClientCall.Listener<A> listener, ClientCall<?, A> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onHeaders(Metadata headers) {
      heard = headers.containsKey(KEPT);
      if (heard) {
        super.onHeaders(headers);
      } else {
        call.cancel("it does not tell tenants apart", null);
      }
    }

    @Override
    public void onMessage(A message) {
      if (heard) {
        super.onMessage(message);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      boolean keeps = heard || trailers.containsKey(KEPT);
      boolean other = !status.isOk() && status.getCode() != Status.Code.CANCELLED;
      super.onClose(
          keeps || other
              ? status
              : Status.FAILED_PRECONDITION.withDescription(
                  "this agent does not tell tenants apart: it is of an older version"),
          trailers);
    }
  }

  /** Whether the namespaces fit into a call's headers. */
  public static boolean fits(Set<String> namespaces) {
    return namespaces.stream().mapToLong(each -> each.length() + 1).sum() < MOST_BYTES / 2;
  }

  /** At an agent. */
  static ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String named = headers.get(HEADER);
        if (named == null) {
          return next.startCall(call, headers);
        }
        if (!FOR_TENANTS.contains(call.getMethodDescriptor().getFullMethodName())) {
          call.close(
              Status.PERMISSION_DENIED.withDescription(
                  call.getMethodDescriptor().getFullMethodName() + " is not for tenants"),
              new Metadata());
          return new ServerCall.Listener<>() {};
        }
        Set<String> namespaces =
            Arrays.stream(named.split(",", -1))
                .filter(each -> !each.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
        var told =
            new SimpleForwardingServerCall<Q, A>(call) {
              @Override
              public void sendHeaders(Metadata answer) {
                answer.put(KEPT, "yes");
                super.sendHeaders(answer);
              }

              @Override
              public void close(Status status, Metadata trailers) {
                trailers.put(KEPT, "yes"); // an answer without flows has no headers
                super.close(status, trailers);
              }
            };
        return Contexts.interceptCall(
            Context.current().withValue(NAMESPACES, namespaces), told, headers, next);
      }
    };
  }

  /** What the caller whose call this thread serves sees; null: all. */
  static @Nullable TenantView current() {
    Set<String> namespaces = NAMESPACES.get();
    return namespaces == null ? null : new TenantView(namespaces);
  }
}
