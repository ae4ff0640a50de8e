package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir private Path directory;

  private Path kubeconfig(String server, String cluster, String user) throws IOException {
    var file = directory.resolve("config");
    Files.writeString(
        file,
        """
        apiVersion: v1
        kind: Config
        current-context: here
        contexts: [{name: other, context: {cluster: x, user: x}}, {name: here, context: {cluster: c, user: u}}]
        clusters: [{name: c, cluster: {server: "%s", %s}}]
        users: [{name: u, user: {%s}}]
        """
            .formatted(server, cluster, user));
    return file;
  }

  @Test
  void readsTheCurrentContextAndItsToken() throws IOException {
    var cluster = Kubeconfig.read(kubeconfig("http://127.0.0.1:8001/prefix/", "", "token: secret"));
    assertThat(cluster.server()).hasToString("http://127.0.0.1:8001/prefix/");
    assertThat(cluster.authorization().get()).isEqualTo("Bearer secret");
  }

  @Test
  void aTokenInAFileIsReadAgainForEachRequest() throws IOException {
    Files.writeString(directory.resolve("token"), "one\n");
    var cluster = Kubeconfig.read(kubeconfig("http://127.0.0.1:8001", "", "tokenFile: token"));
    assertThat(cluster.authorization().get()).isEqualTo("Bearer one");
    Files.writeString(directory.resolve("token"), "two\n");
    assertThat(cluster.authorization().get()).isEqualTo("Bearer two");
  }

  @Test
  void whatIsMissingOrNotServedIsNamed() throws IOException {
    assertThatThrownBy(() -> Kubeconfig.read(kubeconfig("ftp://x", "", "")))
        .hasMessageContaining("ftp://x");
    assertThatThrownBy(() -> Kubeconfig.read(kubeconfig("http://x", "", "exec: {command: aws}")))
        .hasMessageContaining("'exec'");
    var file = directory.resolve("broken");
    Files.writeString(file, "current-context: gone\ncontexts: {}\n");
    assertThatThrownBy(() -> Kubeconfig.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("'gone' in contexts");
    Files.writeString(file, "a: [");
    assertThatThrownBy(() -> Kubeconfig.read(file)).isInstanceOf(IOException.class);
  }

  @Test
  void speaksTlsWithBothSidesCertificates() throws Exception {
    var store = keyStore("CN=api", "ip:127.0.0.1");
    var server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(
        new HttpsConfigurator(mutual(store)) {
          @Override
          public void configure(HttpsParameters parameters) {
            var ssl = getSSLContext().getDefaultSSLParameters();
            ssl.setNeedClientAuth(true);
            parameters.setSSLParameters(ssl);
          }
        });
    server.createContext(
        "/api",
        exchange -> {
          var body = "{\"kind\":\"APIVersions\"}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    try {
      var url = "https://127.0.0.1:" + server.getAddress().getPort();
      var certificate = data(pem("CERTIFICATE", store.getCertificate("key").getEncoded()));
      var key = (PrivateKey) store.getKey("key", PASSWORD);
      var client =
          "client-certificate-data: "
              + certificate
              + ", client-key-data: "
              + data(pem("PRIVATE KEY", key.getEncoded()));
      var trusting = "certificate-authority-data: " + certificate;
      assertThat(kind(kubeconfig(url, trusting, client))).isEqualTo("APIVersions");
      assertThat(kind(kubeconfig(url, "insecure-skip-tls-verify: true", client)))
          .isEqualTo("APIVersions");
      assertThatThrownBy(() -> kind(kubeconfig(url, "", client)))
          .as("an authority nobody named")
          .hasMessageContaining("cannot connect");
      assertThatThrownBy(() -> kind(kubeconfig(url, trusting + ", tls-server-name: other", client)))
          .as("another server's certificate")
          .hasMessageContaining("other");
      assertThatThrownBy(() -> kind(kubeconfig(url, trusting, "token: t")))
          .as("no client certificate")
          .isInstanceOf(IOException.class);
    } finally {
      server.stop(0);
    }
  }

  private static String kind(Path kubeconfig) throws IOException {
    try (var api = KubernetesApi.open(kubeconfig)) {
      return api.get("/api").string("kind");
    }
  }

  private KeyStore keyStore(String name, String san) throws Exception {
    var file = directory.resolve("store.p12");
    var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    var process =
        new ProcessBuilder(
                keytool,
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                "key",
                "-dname",
                name,
                "-ext",
                "san=" + san,
                "-keystore",
                file.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    var store = KeyStore.getInstance("PKCS12");
    try (var in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    return store;
  }

  private static SSLContext mutual(KeyStore store) throws Exception {
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSWORD);
    var trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", store.getCertificate("key"));
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private static String pem(String type, byte[] der) {
    var text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + type + "-----\n" + text + "\n-----END " + type + "-----\n";
  }

  private static String data(String pem) {
    return Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void readsTheOlderFormsOfPrivateKeys() throws Exception {
    var rsa = KeyPairGenerator.getInstance("RSA");
    rsa.initialize(2048);
    var rsaKey = rsa.generateKeyPair().getPrivate();
    // Behind version and algorithm of PKCS #8 stands the key as PKCS #1 has it.
    var pkcs1 = Arrays.copyOfRange(rsaKey.getEncoded(), 26, rsaKey.getEncoded().length);
    assertThat(Tls.privateKey(pem("RSA PRIVATE KEY", pkcs1))).isEqualTo(rsaKey);

    var ec = KeyPairGenerator.getInstance("EC");
    ec.initialize(256);
    var ecKey = ec.generateKeyPair().getPrivate();
    var sec1 = Arrays.copyOfRange(ecKey.getEncoded(), 28, ecKey.getEncoded().length);
    assertThat(Tls.privateKey(pem("EC PRIVATE KEY", sec1))).isEqualTo(ecKey);
    // As OpenSSL writes them, for P-256 and P-384: with the curve and the public key. Nobody's
    // keys.
    var p256 =
        "MHcCAQEEIHFmJ0Oic+u6f4ivuzYwaYjBrJBtSWivMPsdvndVKfQWoAoGCCqGSM49AwEHoUQDQgAEhec06ZH2013C"
            + "XKWBUw9e6AEXESqC/ilahWhZ2guy4WBeb1DMX/w8yvckVdODMSNprEYzG4PfzqEmh8J8z1BS1Q==";
    var p384 =
        "MIGkAgEBBDCUmDHdZb3vT/7JI/kCEBoLhJIPd+zrZe9O6zVSG25rNfJZMslESoFKYpFdnFQwFFmgBwYFK4EEACKh"
            + "ZANiAATIsVo9UJ/F2v42OyEnpozEC3t1xPia0T9Wwt9u9zKTA5rvzQdHLZ0GpqbLPNk7VG5RLyOcZeJ9X9Vu"
            + "mulP+FvEnhAgErGFqfeqZ6TZYSns7eoeXlaxTsYPp2l5GnRuESU=";
    for (var written : new String[] {p256, p384}) {
      var key = Tls.privateKey(pem("EC PRIVATE KEY", Base64.getDecoder().decode(written)));
      var bits = ((ECPrivateKey) key).getParams().getOrder().bitLength();
      assertThat(bits).isEqualTo(written.equals(p256) ? 256 : 384);
    }
    assertThatThrownBy(() -> Tls.privateKey(pem("ENCRYPTED PRIVATE KEY", sec1)))
        .hasMessageContaining("unencrypted");
  }
}
