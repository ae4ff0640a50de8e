/** One Hubble server over all nodes' agents. */
@org.jspecify.annotations.NullMarked
package io.ovenet.relay;
