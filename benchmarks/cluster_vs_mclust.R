# Labels and time of mclust, as the tools for spatial data call it:
# Rscript cluster_vs_mclust.R data.csv K
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
X <- as.matrix(read.csv(arguments[1], header = FALSE))
K <- as.integer(arguments[2])
invisible(Mclust(X[1:200, 1:3], 2, "EEE", verbose = FALSE)) # R compiles on first use
set.seed(2020)
seconds <- system.time(fit <- Mclust(X, K, "EEE", verbose = FALSE))
cat(sum(seconds[c("user.self", "sys.self")]), fit$loglik, "\n")
cat(fit$classification - 1, "\n")
