/** The command line: what people type at their desk. */
@NullMarked
package io.ovenet.cli;

import org.jspecify.annotations.NullMarked;
