import Testing
@testable import VARedTraining
