# Steps of mclust's EM from given parameters, timed: Rscript em_speed.R VVV N D K steps folder
suppressMessages(library(mclust))
words <- commandArgs(trailingOnly = TRUE)
sizes <- as.integer(words[2:5])
N <- sizes[1]; D <- sizes[2]; K <- sizes[3]; steps <- sizes[4]
values <- function(name, n) readBin(file.path(words[6], name), "double", n)
X <- matrix(values("X", N * D), N, D, byrow = TRUE)
means <- matrix(values("means", K * D), D, K)
Sigma <- array(values("Sigma", K * D * D), c(D, D, K)) # symmetric: the order does not matter
variance <- list(modelName = words[1], d = D, G = K, sigma = Sigma)
if (words[1] == "VVV") {
  variance$cholsigma <- array(apply(Sigma, 3, chol), c(D, D, K))
} else {
  diagonals <- matrix(apply(Sigma, 3, diag), D, K)
  variance$scale <- apply(diagonals, 2, function(v) exp(mean(log(v))))
  variance$shape <- sweep(diagonals, 2, variance$scale, "/")
}
start <- list(pro = rep(1 / K, K), mean = means, variance = variance)
control <- emControl(eps = 0, tol = c(0, 0), itmax = c(steps, steps))
one <- emControl(eps = 0, tol = c(0, 0), itmax = c(1, 1))
invisible(em(X[1:min(N, 100 * D), , drop = FALSE], words[1], start, control = one)) # first use
times <- max(1, round(2e7 / (as.numeric(N) * K * D^2 * steps))) # its clock counts milliseconds
spent <- system.time(for (i in 1:times) {
  fit <- suppressWarnings(em(X, words[1], start, control = control))
})
spent <- c(spent["elapsed"], spent["user.self"] + spent["sys.self"]) / times
cat(format(c(spent, as.vector(fit$parameters$mean)), digits = 17), "\n")
