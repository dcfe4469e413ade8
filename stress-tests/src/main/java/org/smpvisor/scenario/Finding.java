package org.smpvisor.scenario;

import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;

/**
 * A violation and what is known of it.
 *
 * @param explainedBy the weak spot whose window was reached on that interrupt, or {@code null}
 * @param secondsIn when in the run it was found
 * @param moves SPI moves made until then
 */
public record Finding(Violation violation, Quirk explainedBy, double secondsIn, long moves) {}
