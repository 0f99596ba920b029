// Reads mcgen's HepMC3 file into what a Geant4 primary generator fills: for each event the decay vertex, its time,
// the visible daughters, and the weight.
//
//   g++ -std=c++17 -O2 -Wall -o hepmc3_to_geant4 hepmc3_to_geant4.cc -lHepMC3
//   ./hepmc3_to_geant4 signal.hepmc3
//
// Only HepMC3 is needed. PrimaryVertex has the arguments of G4PrimaryVertex and G4PrimaryParticle in Geant4's units, so that
// GeneratePrimaries(G4Event*) of a G4VUserPrimaryGeneratorAction is one call of next_primary and, with its result v,
//
//   auto *vertex = new G4PrimaryVertex(v.x, v.y, v.z, v.t);
//   for (const PrimaryParticle &p : v.particles)
//       vertex->SetPrimary(new G4PrimaryParticle(p.pdg, p.px, p.py, p.pz));
//   vertex->SetWeight(v.weight);
//   event->AddPrimaryVertex(vertex);
#include <HepMC3/GenEvent.h>
#include <HepMC3/GenParticle.h>
#include <HepMC3/GenVertex.h>
#include <HepMC3/ReaderAscii.h>

#include <cstdio>
#include <optional>
#include <stdexcept>
#include <vector>

constexpr double mm_per_ns = 299.792458; // of light
constexpr int decay_status = 21;         // of the vertex where the boson decays

struct PrimaryParticle {
    int pdg;
    double px, py, pz; // MeV
};

struct PrimaryVertex {
    double x, y, z; // mm, z = 0 at the front of the dump: subtract where your detector's frame begins
    double t;       // ns
    double weight;  // expected events of the exposure
    std::vector<PrimaryParticle> particles;
};

// The next event's decay, or nothing at the end of the file.
std::optional<PrimaryVertex> next_primary(HepMC3::Reader &reader) {
    HepMC3::GenEvent event(HepMC3::Units::GEV, HepMC3::Units::MM);
    if (!reader.read_event(event) || reader.failed())
        return std::nullopt;
    event.set_units(HepMC3::Units::MEV, HepMC3::Units::MM);
    for (const auto &vertex : event.vertices()) {
        if (vertex->status() != decay_status)
            continue;
        const auto &at = vertex->position();
        PrimaryVertex found{at.x(), at.y(), at.z(), at.t() / mm_per_ns, event.weight(), {}};
        for (const auto &particle : vertex->particles_out()) {
            const auto &p = particle->momentum();
            found.particles.push_back({particle->pid(), p.px(), p.py(), p.pz()});
        }
        return found;
    }
    throw std::runtime_error("an event without the decay of a boson");
}

int main(int count, char **arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FILE.hepmc3\n", arguments[0]);
        return 2;
    }
    HepMC3::ReaderAscii reader(arguments[1]);
    if (reader.failed()) {
        std::fprintf(stderr, "%s: cannot be read\n", arguments[1]);
        return 1;
    }
    int events = 0;
    double sum = 0.0;
    while (const auto vertex = next_primary(reader)) {
        if (events++ == 0) {
            std::printf("first decay at (%.1f, %.1f, %.1f) mm, %.3f ns\n", vertex->x, vertex->y, vertex->z, vertex->t);
            for (const auto &p : vertex->particles)
                std::printf("  %d: (%.2f, %.2f, %.2f) MeV\n", p.pdg, p.px, p.py, p.pz);
        }
        sum += vertex->weight;
    }
    std::printf("%d events, sum of weights %.6g\n", events, sum);
    return events > 0 ? 0 : 1;
}
