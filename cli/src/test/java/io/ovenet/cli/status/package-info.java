@NullMarked
package io.ovenet.cli.status;

import org.jspecify.annotations.NullMarked;
