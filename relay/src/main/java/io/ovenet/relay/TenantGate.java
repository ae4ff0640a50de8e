package io.ovenet.relay;

import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.TextFormat;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.ovenet.flow.TenantScope;
import io.ovenet.flow.TlsFiles;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who comes by TCP: with a certificate of the authority he sees all, with a Kubernetes token
 * ({@code authorization: Bearer}) what {@link Tenants} say, otherwise nothing. Each query of a
 * token's holder leaves a line in the log. A call that goes on ends when what its caller may see
 * changes.
 */
final class TenantGate implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(TenantGate.class);
  private static final Logger AUDIT = LoggerFactory.getLogger("io.ovenet.relay.audit");
  private static final String BEARER = "Bearer ";
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<Set<String>> NAMESPACES = Context.key("tenant-namespaces");

  /** They say nothing of anybody. */
  private static final Set<String> FOR_ALL =
      Set.of("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection");

  private static final Set<String> FOR_TENANTS =
      Set.of(
          "observer.Observer/GetFlows",
          "observer.Observer/GetNamespaces",
          "observer.Observer/ServerStatus");

  private final Tenants tenants;

  TenantGate(Tenants tenants) {
    this.tenants = tenants;
  }

  /** What the caller whose call this thread serves may see; null: all. */
  static @Nullable Set<String> namespaces() {
    return NAMESPACES.get();
  }

  /** A call that is not served. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Status status;

    Refused(Status status, String why) {
      super(why);
      this.status = status.withDescription(why);
    }
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String service = call.getMethodDescriptor().getServiceName();
    if ((service != null && FOR_ALL.contains(service)) || TlsFiles.hasCertificate(call)) {
      return next.startCall(call, headers);
    }
    try {
      String token = token(headers);
      Tenants.Tenant tenant = tenant(token);
      String method = call.getMethodDescriptor().getFullMethodName();
      if (!tenant.all()) {
        check(tenant, method);
      }
      var watched = new Watched<Q, A>(call, tenant, token);
      Context context =
          tenant.all()
              ? Context.current()
              : Context.current().withValue(NAMESPACES, tenant.namespaces());
      return watched.listener(Contexts.interceptCall(context, watched, headers, next));
    } catch (Refused e) {
      LOG.info(
          "{} refused: {}",
          call.getMethodDescriptor().getFullMethodName(),
          printable(e.getMessage()));
      call.close(e.status, new Metadata());
      return new ServerCall.Listener<>() {};
    }
  }

  /** Names come from outside: never raw in a log. */
  private static String printable(@Nullable String text) {
    return text == null
        ? ""
        : TextFormat.escapeDoubleQuotesAndBackslashes(text).replaceAll("\\p{Cntrl}", "?");
  }

  private static String token(Metadata headers) throws Refused {
    String text = headers.get(AUTHORIZATION);
    boolean bearer = text != null && text.regionMatches(true, 0, BEARER, 0, BEARER.length());
    String token = bearer ? text.substring(BEARER.length()).strip() : "";
    if (token.isEmpty()) {
      throw new Refused(
          Status.UNAUTHENTICATED,
          "show a certificate of this relay's authority, or a Kubernetes token"
              + " (authorization: Bearer TOKEN)");
    }
    return token;
  }

  private Tenants.Tenant tenant(String token) throws Refused {
    try {
      Tenants.Tenant tenant = tenants.of(token);
      if (tenant == null) {
        throw new Refused(
            Status.UNAUTHENTICATED,
            "the API server does not know this token, or no longer: get a new one");
      }
      return tenant;
    } catch (IOException e) {
      throw new Refused(
          Status.UNAVAILABLE, "the API server cannot say who you are: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refused(Status.UNAVAILABLE, "the relay ends");
    }
  }

  private static void check(Tenants.Tenant tenant, String method) throws Refused {
    if (!FOR_TENANTS.contains(method)) {
      throw new Refused(
          Status.PERMISSION_DENIED,
          method + " is for whoever may see all namespaces; " + tenant.user() + " may not");
    }
    if (tenant.namespaces().isEmpty()) {
      throw new Refused(
          Status.PERMISSION_DENIED,
          tenant.user()
              + " may see flows of no namespace: it takes a Role that lets him get "
              + Tenants.RESOURCE
              + "."
              + Tenants.GROUP
              + " there, bound to him");
    }
    if (!TenantScope.fits(tenant.namespaces())) {
      throw new Refused(
          Status.RESOURCE_EXHAUSTED,
          tenant.user()
              + " may see "
              + tenant.namespaces().size()
              + " namespaces by name, more than an agent can be told: let him get them in all"
              + " (ClusterRoleBinding)");
    }
  }

  /** A call of a tenant's, which is written down, and ends when his rights change. */
  private final class Watched<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final Tenants.Tenant tenant;
    private final String token;
    private boolean closed;
    private volatile boolean ended;
    private final CountDownLatch over = new CountDownLatch(1);

    Watched(ServerCall<Q, A> call, Tenants.Tenant tenant, String token) {
      super(call);
      this.tenant = tenant;
      this.token = token;
    }

    ServerCall.Listener<Q> listener(ServerCall.Listener<Q> listener) {
      Thread.ofVirtual().name("rights").start(this::watch);
      return new SimpleForwardingServerCallListener<>(listener) {
        @Override
        public void onMessage(Q message) {
          audit(message);
          super.onMessage(message);
        }

        @Override
        public void onCancel() {
          over.countDown();
          super.onCancel();
        }

        @Override
        public void onComplete() {
          over.countDown();
          super.onComplete();
        }
      };
    }

    private void audit(Q message) {
      String asked =
          message instanceof MessageOrBuilder text
              ? TextFormat.printer().shortDebugString(text)
              : "";
      AUDIT.info(
          "user=\"{}\" method={} namespaces={} request={{}}",
          printable(tenant.user()),
          getMethodDescriptor().getFullMethodName(),
          tenant.all() ? "all" : String.join(",", tenant.namespaces()),
          asked);
    }

    private void watch() {
      try {
        while (!over.await(tenants.kept().toMillis(), TimeUnit.MILLISECONDS)) {
          if (!tenant.equals(tenant(token))) {
            end(
                Status.PERMISSION_DENIED.withDescription(
                    "what " + tenant.user() + " may see has changed: ask again"));
            return;
          }
        }
      } catch (Refused e) {
        end(e.status);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void end(Status status) {
      ended = true;
      close(status, new Metadata());
    }

    /** Whoever answers it sees by this that it is over. */
    @Override
    public boolean isCancelled() {
      return ended || super.isCancelled();
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!closed) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public synchronized void sendMessage(A message) {
      if (!closed) {
        super.sendMessage(message);
      }
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (!closed) {
        closed = true;
        super.close(status, trailers);
      }
    }
  }
}
