@NullMarked
package io.ovenet.cli.list;

import org.jspecify.annotations.NullMarked;
