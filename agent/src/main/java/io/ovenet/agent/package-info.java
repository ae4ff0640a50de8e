/**
 * The agent of one node: what Kubernetes asks for becomes endpoints, policies and map entries, and
 * what the kernel reports becomes flows.
 */
@NullMarked
package io.ovenet.agent;

import org.jspecify.annotations.NullMarked;
