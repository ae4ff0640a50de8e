package io.ovenet.kubernetes;

import java.net.URI;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Where an API server is and how to speak to it.
 *
 * @param server http or https; a path in it is the prefix of every request
 * @param tls knows the authorities that are trusted and the client's own certificate; null for a
 *     server of plain http
 * @param tlsServerName name expected in the server's certificate, empty for that of the URL
 * @param verifyServer whether the server must be the one of that name
 * @param authorization gives the header of that name, afresh for each request since tokens in files
 *     are replaced; empty for none
 */
public record Cluster(
    URI server,
    @Nullable SSLContext tls,
    String tlsServerName,
    boolean verifyServer,
    Supplier<String> authorization) {}
