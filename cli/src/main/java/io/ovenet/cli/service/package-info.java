/** Services as the nodes have them. */
@NullMarked
package io.ovenet.cli.service;

import org.jspecify.annotations.NullMarked;
