package org.smpvisor.vgic.rank;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.smpvisor.variant.Bug;
import org.smpvisor.variant.Shows;

/**
 * A vCPU disables an SPI of another vCPU while it is raised there twice: it is held or delivered. Fails when the second one looks
 * for it in a list register in which it is not.
 */
@JCStressTest
@Shows({Bug.XB_046})
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Held or delivered, and once on its list.")
@Outcome(id = "-1", expect = FORBIDDEN, desc = "A list register was looked at in which it is not.")
@Outcome(expect = FORBIDDEN, desc = "On no list, or on it twice.")
@State
public class DisableVsInject {
    private final TwoCpus m = TwoCpus.xen(0);
    private boolean isRefused;

    /** It has been in a list register before, and is in none. */
    public DisableVsInject() {
        m.inject(m.cpu0);
        m.acknowledgeAndEnd(m.cpu0);
        m.exit(m.cpu0);
    }

    @Actor
    public void guest() {
        m.disable(m.cpu1, TwoCpus.bit(TwoCpus.SPI));
    }

    @Actor
    public void device() {
        for (int i = 0; i < 2 && !isRefused; i++) {
            isRefused = m.isInjectionRefused(m.cpu0);
        }
    }

    @Arbiter
    public void held(I_Result r) {
        r.r1 = isRefused ? -1 : m.inflightOn(0, TwoCpus.SPI);
        if (!isRefused) {
            m.giveBack();
        }
    }
}
