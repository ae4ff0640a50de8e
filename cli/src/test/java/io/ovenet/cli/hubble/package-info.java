@NullMarked
package io.ovenet.cli.hubble;

import org.jspecify.annotations.NullMarked;
