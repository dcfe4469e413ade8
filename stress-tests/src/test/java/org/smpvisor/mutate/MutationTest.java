package org.smpvisor.mutate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

class MutationTest {
    private static final long SEED = 1;
    private static final Trial.Budget BUDGET = new Trial.Budget(200, true);
    private static final List<Site> SITES = ModelClasses.sites();

    private static final Set<Family> MOVING =
            EnumSet.of(Family.CHECK_OUTSIDE, Family.CHECK_BEFORE_FLAG, Family.PUBLISH_EARLY);

    private static Site site(String name) {
        return SITES.stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(Family.class)
    void everyFamilyHasSites(Family f) {
        assertThat(SITES).anyMatch(s -> s.family() == f);
    }

    @Test
    void noTwoSitesShareAName() {
        assertThat(SITES).extracting(Site::name).doesNotHaveDuplicates();
    }

    @Test
    void aMutantOfEverySiteIsAClassThatTheJvmAccepts() throws ClassNotFoundException {
        for (Site s : SITES) {
            Class<?> c = Class.forName(s.className(), true, new MutantLoader(s));
            assertThat(c.getDeclaredMethods()).as(s.name()).isNotEmpty(); // verified when it is initialised
        }
    }

    @Test
    void aMovedStatementIsInAnotherPlaceAndNothingIsLost() {
        List<Site> moved =
                SITES.stream().filter(s -> MOVING.contains(s.family())).toList();
        for (Site s : moved) {
            byte[] right = ModelClasses.bytes(s.className());
            List<String> before = callsAndVariables(right);
            List<String> after = callsAndVariables(Weaver.mutate(right, s));

            assertThat(after.remove("reach")).as(s.name()).isTrue();
            assertThat(after).as(s.name()).isNotEqualTo(before).containsExactlyInAnyOrderElementsOf(before);
        }
    }

    private static List<String> callsAndVariables(byte[] bytes) {
        ClassNode c = new ClassNode();
        new ClassReader(bytes).accept(c, 0);
        List<String> out = new ArrayList<>();
        for (MethodNode m : c.methods) {
            for (AbstractInsnNode i : m.instructions) {
                if (i instanceof MethodInsnNode call) {
                    out.add(call.name);
                } else if (i instanceof VarInsnNode v) {
                    out.add(v.getOpcode() + " " + v.var);
                }
            }
        }
        return out;
    }

    @ParameterizedTest
    @CsvSource({
        "check-outside:sched.Scheduler.migrateFinish#0, lockTwo after isActive",
        "check-before-flag:sched.PastSchedRules$FlagFirst.block#0, announce after mayTake",
        "publish-early:vgic.rank.ListRegisters.addInflight#0, setRelease after insertByPriority",
        "publish-early:gic.host.PastHostRules.payloadFirst#0, write after send",
        "stale-identity:vgic.rank.RankRules.recheckTarget#0, getAcquire",
        "stale-identity:gic.host.Irq.awaitHandler#0, testBit",
    })
    void aSiteSaysWhatIsDoneThere(String name, String what) {
        assertThat(site(name).what()).isEqualTo(what);
    }

    @Test
    void aWalkOverAListIsNoTestOfIdentity() {
        assertThat(SITES)
                .extracting(Site::name)
                .noneMatch(n -> n.startsWith("stale-identity:vgic.rank.ListRegisters.insertByPriority"));
    }

    @Test
    void aModelWithoutADefectIsClean() {
        Trial.Result r = Trial.here(null, BUDGET, SEED);

        assertThat(r.isKilled()).as(r.text()).isFalse();
        assertThat(r.isReached()).isFalse();
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @CsvSource({
        "skip-kick:vgic.rank.PastRankRules$KickAlways.kick#0, audit",
        "keep-lock:vgic.rank.RankVgic.raise#0, deadlock",
        "forcing-unlock:vgic.rank.RankVgic.raise#0, lock validator",
        "swap-acquire:sched.Scheduler.lockTwo#1, lock validator",
        "check-outside:vgic.rank.RankRegisters.writeEnable#0, lock validator",
        "publish-early:gic.host.PastHostRules.payloadFirst#1, deadlock",
        "stale-identity:vgic.rank.RankVgic.storeTarget#0, ledger",
    })
    void aDefectIsNoticed(String name, String tool) {
        Trial.Result r = Trial.here(site(name), BUDGET, SEED);

        assertThat(r.isKilled()).as(name).isTrue();
        assertThat(r.tool()).isEqualTo(tool);
    }
}
