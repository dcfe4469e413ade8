package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.report.RegisterCsv;
import org.smpvisor.report.RegisterNames;

/**
 * A machine that has booted, come to rest and been stopped, for tests to look at.
 *
 * @param machine the machine; its threads have ended
 * @param csv its register accesses
 * @param console its console lines
 */
record Boots(Machine machine, RegisterCsv csv, List<String> console) {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Boots the machine and checks that it is sound: all online, nothing failed, no lock rule broken. */
    static Boots of(MachineSpec spec) {
        RegisterCsv csv = new RegisterCsv(new RegisterNames(spec.description().gic()));
        List<String> console = Collections.synchronizedList(new ArrayList<>());
        Machine machine = new Machine(spec.withRegisters(csv).withConsole(console::add));
        try (machine) {
            Assertions.assertTimeoutPreemptively(LIMIT, () -> {
                machine.start();
                while (machine.failure() == null && !machine.isAtRest()) {
                    Thread.sleep(1);
                }
            });
        }
        assertThat(machine.failure()).isNull();
        assertThat(machine.pcpus()).allMatch(Pcpu::isOnline);
        assertThat(machine.validator().violations()).isEmpty();
        return new Boots(machine, csv, List.copyOf(console));
    }

    /** Returns the accesses of one pCPU in its order, as rows without sequence number. */
    List<String> rows(int cpu) {
        return csv.accesses().stream()
                .filter(access -> access.cpu() == cpu)
                .map(access -> withoutSeq(csv.row(access)))
                .toList();
    }

    /** Cuts the first column off. */
    static String withoutSeq(String row) {
        return row.substring(row.indexOf(',') + 1);
    }
}
