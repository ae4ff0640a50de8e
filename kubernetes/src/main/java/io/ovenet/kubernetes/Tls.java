package io.ovenet.kubernetes;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Makes a TLS context of the PEM texts that kubeconfigs and service accounts hold. */
final class Tls {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ((?:RSA |EC )?)PRIVATE KEY-----([^-]+)-----END");

  // RFC 5208: version 0 and the algorithm, before the key itself as an octet string.
  private static final byte[] RSA = HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");
  private static final byte[] P256 =
      HexFormat.of().parseHex("020100301306072a8648ce3d020106082a8648ce3d030107");
  private static final byte[] P384 =
      HexFormat.of().parseHex("020100301006072a8648ce3d020106052b81040022");
  private static final String P384_OID = "06052b81040022";

  private Tls() {}

  /**
   * A context.
   *
   * @param authorities certificates that are trusted; empty for the JDK's own
   * @param certificate the client's chain, empty for none
   * @param key the client's, PKCS #8, PKCS #1 or SEC 1
   * @param trustAll whether any server's certificate will do, as the user has asked by name
   */
  static SSLContext context(String authorities, String certificate, String key, boolean trustAll)
      throws GeneralSecurityException, IOException {
    TrustManager @Nullable [] trust = null;
    if (trustAll) {
      trust = new TrustManager[] {new TrustAll()};
    } else if (!authorities.isEmpty()) {
      var store = emptyStore();
      var n = 0;
      for (var authority : certificates(authorities)) {
        store.setCertificateEntry("ca" + n++, authority);
      }
      var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      trust = factory.getTrustManagers();
    }
    var context = SSLContext.getInstance("TLS");
    if (certificate.isEmpty()) {
      context.init(null, trust, null);
      return context;
    }
    var store = emptyStore();
    store.setKeyEntry("client", privateKey(key), new char[0], certificates(certificate));
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    context.init(keys.getKeyManagers(), trust, null);
    return context;
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static Certificate[] certificates(String pem) throws GeneralSecurityException {
    var in = new ByteArrayInputStream(pem.getBytes(StandardCharsets.ISO_8859_1));
    var certificates = CertificateFactory.getInstance("X.509").generateCertificates(in);
    if (certificates.isEmpty()) {
      throw new GeneralSecurityException("no certificate in PEM form");
    }
    return certificates.toArray(Certificate[]::new);
  }

  static PrivateKey privateKey(String pem) throws GeneralSecurityException {
    var matcher = KEY.matcher(pem);
    if (!matcher.find()) {
      throw new GeneralSecurityException("no unencrypted private key in PEM form");
    }
    var der = Base64.getMimeDecoder().decode(matcher.group(2));
    return switch (matcher.group(1)) {
      case "RSA " -> key("RSA", pkcs8(RSA, der));
      case "EC " ->
          key("EC", pkcs8(HexFormat.of().formatHex(der).contains(P384_OID) ? P384 : P256, der));
      default -> {
        try {
          yield key("RSA", der);
        } catch (GeneralSecurityException e) {
          yield key("EC", der);
        }
      }
    };
  }

  private static PrivateKey key(String algorithm, byte[] der) throws GeneralSecurityException {
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  private static byte[] pkcs8(byte[] algorithm, byte[] key) {
    var content = new ByteArrayOutputStream();
    content.writeBytes(algorithm);
    content.writeBytes(tagged(0x04, key));
    return tagged(0x30, content.toByteArray());
  }

  private static byte[] tagged(int tag, byte[] content) {
    var der = new ByteArrayOutputStream();
    der.write(tag);
    if (content.length < 128) {
      der.write(content.length);
    } else {
      der.write(0x82);
      der.write(content.length >> 8);
      der.write(content.length);
    }
    der.writeBytes(content);
    return der.toByteArray();
  }

  /** For {@code insecure-skip-tls-verify}. */
  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
