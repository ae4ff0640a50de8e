@NullMarked
package io.ovenet.cli.service;

import org.jspecify.annotations.NullMarked;
