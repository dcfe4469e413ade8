package org.smpvisor.jcstress;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A test without a {@link WeakTwin} and without a bug that it shows, and why. The gate accepts no other one. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface NoTwin {
    /** The reason. */
    String value();
}
