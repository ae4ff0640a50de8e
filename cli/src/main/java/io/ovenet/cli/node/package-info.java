/** What an agent says of its own node, over its admin socket. */
@NullMarked
package io.ovenet.cli.node;

import org.jspecify.annotations.NullMarked;
