package org.smpvisor.mutate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MutationTest {
    private static final long SEED = 1;
    private static final Trial.Budget BUDGET = new Trial.Budget(200, true);
    private static final List<Site> SITES = ModelClasses.sites();

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
    void aModelWithoutADefectIsClean() {
        Trial.Result r = Trial.here(null, BUDGET, SEED);

        assertThat(r.isKilled()).as(r.text()).isFalse();
        assertThat(r.isReached()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "skip-kick:vgic.rank.PastRankRules$KickAlways.kick#0, audit",
        "keep-lock:vgic.rank.RankVgic.injectIrq#0, deadlock",
        "forcing-unlock:vgic.rank.RankVgic.injectIrq#0, lock validator",
    })
    void aDefectIsNoticed(String name, String tool) {
        Trial.Result r = Trial.here(site(name), BUDGET, SEED);

        assertThat(r.isKilled()).as(name).isTrue();
        assertThat(r.tool()).isEqualTo(tool);
    }
}
