import ArgumentParser
import VARedTraining

@main
struct VARedTrain: ParsableCommand {}
