package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.PartialOrderSearch;
import org.smpvisor.engine.Search;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.variant.Variant;

/** An injection against a change of the route on the whole vGIC, searched completely in two ways that know nothing of each other. */
class InjectRaceSearchTest {
    private static final int LIMIT = 10_000;

    private final ControlledEngine engine = new ControlledEngine(InjectRace.CPUS, true);
    private final Set<Long> ends = new HashSet<>();
    private boolean misrouted;

    private Search exhaust(Search search, InjectRace race, Snapshot mark) {
        ends.clear();
        misrouted = false;
        do {
            mark.restore();
            Outcome o = engine.run(search, race::race, LIMIT, null);
            if (o.end() != Outcome.End.CUT) {
                assertThat(o.end()).isEqualTo(Outcome.End.QUIESCENT);
                assertThat(race.isLostOrDoubled()).isFalse();
                ends.add(mark.hash(engine.hasSetDeadlines()));
                misrouted |= race.isMisrouted();
            }
        } while (search.end());
        assertThat(search.isExhausted() && search.isUnbounded() && !search.isTruncated())
                .isTrue();
        return search;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneScheduleOfEachKindComesToEveryEndThatAnyScheduleComesTo(boolean fixed) {
        InjectRace race = new InjectRace(engine, fixed ? Variant.allFixed() : Variant.xen(), true);
        race.attach(engine);
        engine.run(new BoundedSearch(0, 0), race::setUp, LIMIT, null);
        Snapshot mark =
                new Snapshot(Set.of(ControlledEngine.class, LockValidator.class, Memory.class), engine.memory(), race);
        engine.setMachineState(() -> mark.hash(engine.hasSetDeadlines()));

        Search byStates = exhaust(new BoundedSearch(BoundedSearch.UNBOUNDED, BoundedSearch.UNBOUNDED), race, mark);
        Set<Long> all = Set.copyOf(ends);
        Search ofEachKind = exhaust(new PartialOrderSearch(), race, mark);

        assertThat(ends).hasSizeGreaterThan(2).isEqualTo(all);
        assertThat(misrouted).as("H2 is in its window").isEqualTo(!fixed);
        assertThat(ofEachKind.schedules() + ofEachKind.cuts())
                .isLessThan((byStates.schedules() + byStates.cuts()) / 10);
    }
}
