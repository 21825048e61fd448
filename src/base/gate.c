#include "base/gate.h"

bool gate_enter(struct gate *g)
{
    bool full;

    pthread_mutex_lock(&g->lock);
    full = g->busy >= g->parallel && g->waiting >= g->waiting_max;
    if (!full) {
        g->waiting++;
        while (g->busy >= g->parallel)
            pthread_cond_wait(&g->left, &g->lock);
        g->waiting--;
        g->busy++;
    }
    pthread_mutex_unlock(&g->lock);
    return !full;
}

void gate_leave(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->busy--;
    pthread_cond_signal(&g->left);
    pthread_mutex_unlock(&g->lock);
}
