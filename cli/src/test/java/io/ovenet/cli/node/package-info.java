@NullMarked
package io.ovenet.cli.node;

import org.jspecify.annotations.NullMarked;
