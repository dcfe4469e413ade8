package org.smpvisor.variant;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The historical bugs with which a test of jcstress or Lincheck fails. It is run with each of them put back, by the system
 * property that {@link PutBack} reads, and must fail then: that is what shows that it can.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Shows {
    /** At least one. */
    Bug[] value();
}
